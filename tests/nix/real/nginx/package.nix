{ fromDebs, patchSystemdUnitsHook }:
fromDebs {
  name = "nginx";
  outputs = {
    out = [ "nginx-common" ];
    bin = [ "nginx" ];
  };
  nativeBuildInputs = [ patchSystemdUnitsHook ];
}
