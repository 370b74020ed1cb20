"""sppo for Conan 2, from the tree that it stands in:

    conan create examples/packaging
"""
import os
import re

from conan import ConanFile
from conan.tools.files import copy, load


class Sppo(ConanFile):
    name = "sppo"
    description = "Self-Play Preference Optimization in one C header"
    license = "MIT OR Unlicense"
    package_type = "header-library"
    settings = "os"
    no_copy_source = True

    def _root(self):
        return os.path.join(self.recipe_folder, "..", "..")

    def set_version(self):
        text = load(self, os.path.join(self._root(), "sppo.h"))
        self.version = re.search(r'#define SPPO_VERSION "(.*)"', text).group(1)

    def export_sources(self):
        for name in ("sppo.h", "LICENSE"):
            copy(self, name, self._root(), self.export_sources_folder)

    def package_id(self):
        self.info.clear()

    def package(self):
        copy(self, "sppo.h", self.source_folder,
             os.path.join(self.package_folder, "include"))
        copy(self, "LICENSE", self.source_folder,
             os.path.join(self.package_folder, "licenses"))

    def package_info(self):
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        if self.settings.os != "Windows":
            self.cpp_info.system_libs = ["m"]
