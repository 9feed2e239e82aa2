{ stdenv, patchSystemdUnitsHook }:
stdenv.mkDerivation {
  name = "hello-1.0";
  src = ./src;
  nativeBuildInputs = [ patchSystemdUnitsHook ];
  installPhase = ''
    install -D hello.sh "$out/bin/hello"
    install -D --mode=644 --target-directory="$out/lib/systemd/system" hello.service
  '';
  preFixup = ''
    for ((number = 0; number < 4000; number++)); do
      HOST_PATH+=:$NIX_STORE/00000000000000000000000000000000-dependency-$number/bin
    done
    ((''${#HOST_PATH} > 128 * 1024))
  '';
}
