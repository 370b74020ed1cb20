# sppo.bash - completion of the tool's commands, options and choices
#
#   source examples/packaging/sppo.bash
#
# What is offered is what --help says, so it is never out of date.

_sppo_options() { "$1" "$2" --help 2> /dev/null | grep -o '^  --[a-z0-9-]*'; }

# The choices of an option, "a|b|c", which may go on in further lines.
_sppo_choices() {
    "$1" "$2" --help 2> /dev/null | awk -v option="$3" '
        $1 == option { on = 1; text = $2; next_line = $2 ~ /\|$/; next }
        on && next_line { text = text $1; next_line = $1 ~ /\|$/; next }
        on { exit }
        END { if (text ~ /\|/) { gsub(/\|/, "\n", text); print text } }'
}

_sppo() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local tool=${COMP_WORDS[0]} command=${COMP_WORDS[1]} offer
    if [ "$COMP_CWORD" -eq 1 ]; then
        offer=$("$tool" --help 2> /dev/null | sed -n 's/^  \([a-z]*\)  .*/\1/p')
    elif [[ $word == -* ]]; then
        offer=$(_sppo_options "$tool" "$command")
    else
        offer=$(_sppo_choices "$tool" "$command" "$before")
    fi
    COMPREPLY=($(compgen -W "$offer" -- "$word"))
}
complete -o default -F _sppo sppo
