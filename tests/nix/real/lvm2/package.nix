{
  fromDebs,
  patchSystemdUnitsHook,
}:
let
  dmsetup = fromDebs { name = "dmsetup"; };
in
fromDebs {
  name = "lvm2";
  nativeBuildInputs = [ patchSystemdUnitsHook ];
  buildInputs = [ dmsetup ];
}
