{ stdenv, lintStorePathHook }:
stdenv.mkDerivation {
  name = "hello-1.0";
  src = ./src;
  nativeBuildInputs = [ lintStorePathHook ];
  lintStorePathAllow = [ "dangling-symlnk" ];
  installPhase = ''
    install -D hello.sh "$out/bin/hello"
  '';
}
