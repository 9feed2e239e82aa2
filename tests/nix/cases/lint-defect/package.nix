{ stdenv, lintStorePathHook }:
stdenv.mkDerivation {
  name = "hello-1.0";
  src = ./src;
  nativeBuildInputs = [ lintStorePathHook ];
  # stdenv would find the shell it is built with.
  dontPatchShebangs = true;
  lintStorePathDeny = [ "shebang-outside-store" ];
  installPhase = ''
    install -D hello.sh "$out/bin/hello"
  '';
}
