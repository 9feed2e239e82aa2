{ fromDebs, patchSystemdUnitsHook }:
fromDebs {
  name = "chrony";
  nativeBuildInputs = [ patchSystemdUnitsHook ];
}
