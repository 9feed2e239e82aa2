{
  stdenv,
  relocateEtcToOutHook,
  bash,
  writeText,
}:
stdenv.mkDerivation {
  name = "hello-1.0";
  src = ./src;
  nativeBuildInputs = [ relocateEtcToOutHook ];
  relocateEtcToOutKeep = [
    "/etc/hello/kept*"
    "/etc/secret/**"
  ];
  relocateEtcToOutMode = "link";
  relocateEtcToOutPolicy = writeText "policy.toml" ''
    [[rule]]
    path = "/etc/hello/rewritten.conf"
    mode = "rewrite"
  '';
  relocateEtcToOutOsRelease = "${bash}/lib/os-release";
  relocateEtcToOutLinkBase = "/usr/share/factory/etc";
  relocateEtcToOutPrune = [ "lib/rpm" ];
  relocateEtcToOutFlags = [ "--verbose" ];
  installPhase = ''
    install -D --mode=644 --target-directory="$out/lib/systemd/system" hello.service
    install -D --mode=644 hello.tmpfiles "$out/lib/tmpfiles.d/hello.conf"
    install -D --mode=644 --target-directory="$out/etc/hello" kept.conf linked.conf rewritten.conf
    install -D --mode=644 kept.conf "$out/etc/secret/key"
    mkdir -p "$out/etc/credstore" "$out/lib/rpm"
    echo macro >"$out/lib/rpm/macros"
  '';
}
