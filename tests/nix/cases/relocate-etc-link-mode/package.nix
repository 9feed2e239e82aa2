{ stdenv, relocateEtcToOutHook }:
stdenv.mkDerivation {
  name = "hello-1.0";
  src = ./src;
  nativeBuildInputs = [ relocateEtcToOutHook ];
  relocateEtcToOutMode = "link";
  installPhase = ''
    install -D hello.sh "$out/bin/hello"
    install -D --mode=644 --target-directory="$out/lib/systemd/system" hello.service
    install -D --mode=644 --target-directory="$out/etc/hello" hello.conf unnamed.conf
    install -D --mode=644 --target-directory="$out/etc/hello.d" one.conf two.conf
  '';
}
