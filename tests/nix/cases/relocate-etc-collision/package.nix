{ stdenv, relocateEtcToOutHook }:
stdenv.mkDerivation {
  name = "hello-1.0";
  src = ./src;
  nativeBuildInputs = [ relocateEtcToOutHook ];
  installPhase = ''
    install -D --mode=644 hello.conf "$out/etc/hello/hello.conf"
    install -D --mode=644 other.conf "$out/usr/etc/hello/hello.conf"
  '';
}
