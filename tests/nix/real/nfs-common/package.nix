{
  fromDebs,
  patchSystemdUnitsHook,
  coreutils,
}:
let
  kmod = fromDebs { name = "kmod"; };
in
fromDebs {
  name = "nfs-common";
  nativeBuildInputs = [ patchSystemdUnitsHook ];
  buildInputs = [
    coreutils
    kmod
  ];
}
