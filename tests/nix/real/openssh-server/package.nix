{
  fromDebs,
  patchSystemdUnitsHook,
  coreutils,
}:
fromDebs {
  name = "openssh-server";
  nativeBuildInputs = [ patchSystemdUnitsHook ];
  buildInputs = [ coreutils ];
}
