{ fromDebs, patchSystemdUnitsHook }:
fromDebs {
  name = "upower";
  nativeBuildInputs = [ patchSystemdUnitsHook ];
}
