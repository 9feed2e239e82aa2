# The tools, by the names of their crates. Packages, hooks and checks are made from this set: for a
# new hook add hooks/NAME.sh, checks/NAME.nix and an entry here.
{
  assemble-image = {
    description = "Assemble store paths into a verified image that boots";
  };
  lint-store-path = {
    description = "Say everything that a finished store path gets wrong";
    hook = {
      attribute = "lintStorePathHook";
      # It fixes nothing. A package that has it is built anew for every new rule, and fails for what its
      # expression may not be able to mend: lintStorePath looks at a package as it is.
      isOptional = true;
      substitutions = final: {
        lintStorePath = "${final.lint-store-path}/bin/lint-store-path";
      };
    };
  };
  patch-systemd-units = {
    description = "Make every program and own file that systemd units name a store path";
    hook = {
      attribute = "patchSystemdUnitsHook";
      # What stands for @NAME@ in the hook.
      substitutions = final: {
        patchSystemdUnits = "${final.patch-systemd-units}/bin/patch-systemd-units";
        # What the packages that use the hook are built for may be another platform than the hook's.
        runtimeShell =
          final.targetPackages.runtimeShell
            or (throw "patchSystemdUnitsHook belongs into nativeBuildInputs: elsewhere it is not known which shell the package will run with");
      };
    };
  };
  relocate-etc-to-out = {
    description = "Make a package read the configuration that it ships";
    hook = {
      attribute = "relocateEtcToOutHook";
      substitutions = final: {
        relocateEtcToOut = "${final.relocate-etc-to-out}/bin/relocate-etc-to-out";
      };
    };
  };
  rewrite-pkgconfig-prefix = {
    description = "Make .pc files name their own outputs, and builds install into theirs";
    hook = {
      attribute = "rewritePkgConfigPrefixHook";
      substitutions = final: {
        rewritePkgConfigPrefix = "${final.rewrite-pkgconfig-prefix}/bin/rewrite-pkgconfig-prefix";
      };
    };
  };
}
