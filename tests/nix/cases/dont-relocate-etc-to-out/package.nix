{ stdenv, relocateEtcToOutHook }:
stdenv.mkDerivation {
  name = "hello-1.0";
  src = ./src;
  nativeBuildInputs = [ relocateEtcToOutHook ];
  dontRelocateEtcToOut = true;
  installPhase = ''
    install -D --mode=644 --target-directory="$out/lib/systemd/system" hello.service
    install -D --mode=644 --target-directory="$out/usr/etc/hello" hello.conf
  '';
}
