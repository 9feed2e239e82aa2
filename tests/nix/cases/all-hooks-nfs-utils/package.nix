{
  bash,
  coreutils,
  kmod,
  lintStorePathHook,
  nfs-utils,
  patchSystemdUnitsHook,
  procps,
  relocateEtcToOutHook,
  rewritePkgConfigPrefixHook,
}:
nfs-utils.overrideAttrs {
  separateDebugInfo = true;
  nativeBuildInputs = [
    lintStorePathHook
    patchSystemdUnitsHook
    relocateEtcToOutHook
    rewritePkgConfigPrefixHook
  ];
  buildInputs = [
    bash
    coreutils
    kmod
    procps
  ];
}
