{
  fromDebs,
  patchSystemdUnitsHook,
  relocateEtcToOutHook,
}:
fromDebs {
  name = "nginx";
  outputs = {
    out = [ "nginx-common" ];
    bin = [ "nginx" ];
  };
  nativeBuildInputs = [
    patchSystemdUnitsHook
    relocateEtcToOutHook
  ];
}
