#!/bin/sh
# man.sh TOOL - the tool's manual page, from its --help, on standard output
tool=${1:?"usage: man.sh TOOL"}
plain() { sed 's/\\/\\e/g; s/-/\\-/g; s/^\./\\\&./; s/^'"'"'/\\\&&/'; }
version=$("$tool" --version | cut -d, -f1) || exit 1
echo ".TH SPPO 1 \"\" \"$version\""
echo ".SH NAME"
"$tool" --help | sed -n '1s/ [0-9.]* - / \\- /p'
echo ".SH SYNOPSIS"
echo ".B sppo"
echo ".I COMMAND"
echo "[options]"
echo ".SH COMMANDS"
for command in $("$tool" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do
    echo ".SS $command"
    echo ".nf"
    "$tool" "$command" --help | plain
    echo ".fi"
done
echo ".SH EXIT STATUS"
echo ".nf"
"$tool" --help | sed -n '/^Exit codes: /,$p' | sed '1s/^Exit codes: //' | plain
echo ".fi"
