{ stdenv, relocateEtcToOutHook }:
stdenv.mkDerivation {
  name = "dbus-1.16";
  src = ./src;
  nativeBuildInputs = [ relocateEtcToOutHook ];
  installPhase = ''
    install -D --mode=644 system.conf "$out/share/dbus-1/system.conf"
    install -D --mode=644 legacy.conf "$out/etc/dbus-1/system.conf"
  '';
}
