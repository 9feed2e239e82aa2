{
  bash,
  coreutils,
  kmod,
  nfs-utils,
  procps,
  withAllHooks,
}:
withAllHooks (
  nfs-utils.overrideAttrs {
    buildInputs = [
      bash
      coreutils
      kmod
      procps
    ];
  }
)
