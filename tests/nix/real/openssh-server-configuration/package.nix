{ fromDebs, relocateEtcToOutHook }:
fromDebs {
  name = "openssh-server";
  nativeBuildInputs = [ relocateEtcToOutHook ];
}
