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
      substitutions = final: _: {
        lintStorePath = "${final.lint-store-path}/bin/lint-store-path";
      };
    };
  };
  patch-systemd-units = {
    description = "Make every program and own file that systemd units name a store path";
    hook = {
      attribute = "patchSystemdUnitsHook";
      # What stands for @NAME@ in the hook. The shell is not final's: bash may use the hook.
      substitutions = final: target: {
        patchSystemdUnits = "${final.patch-systemd-units}/bin/patch-systemd-units";
        inherit (target) runtimeShell;
      };
    };
  };
  relocate-etc-to-out = {
    description = "Make a package read the configuration that it ships";
    hook = {
      attribute = "relocateEtcToOutHook";
      substitutions = final: _: {
        relocateEtcToOut = "${final.relocate-etc-to-out}/bin/relocate-etc-to-out";
      };
    };
  };
  rewrite-pkgconfig-prefix = {
    description = "Make .pc files name their own outputs, and builds install into theirs";
    hook = {
      attribute = "rewritePkgConfigPrefixHook";
      substitutions = final: _: {
        rewritePkgConfigPrefix = "${final.rewrite-pkgconfig-prefix}/bin/rewrite-pkgconfig-prefix";
      };
    };
  };
}
