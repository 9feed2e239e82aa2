{ fromDebs, patchSystemdUnitsHook }:
fromDebs {
  name = "redis";
  # In one output, where the link leads somewhere.
  outputs.out = [
    "redis-server"
    "redis-tools"
  ];
  nativeBuildInputs = [ patchSystemdUnitsHook ];
}
