{
  stdenv,
  gcc,
  withAllHooks,
}:
withAllHooks (
  stdenv.mkDerivation {
    name = "hello-1.0";
    src = ./src;
    outputs = [
      "out"
      "dev"
    ];
    nativeBuildInputs = [ gcc ];
    # A library has tables for the loader, and needs no other here; a program would need the machine's
    # loader.
    buildPhase = ''
      cc -g -shared -nostdlib -fPIC -Wl,--build-id=0x1122334455667788 -o libhello.so library.c
      cc -g -static -Wl,--build-id=0x8877665544332211 -o hello program.c
    '';
    installPhase = ''
      install -D --target-directory="$out/bin" hello
      install -D --target-directory="$out/lib" libhello.so
      install -D --mode=644 --target-directory="$out/lib/systemd/system" hello.service
      install -D --mode=644 --target-directory="$out/lib/pkgconfig" hello.pc
      install -D --mode=644 --target-directory="$out/etc/hello" hello.conf
    '';
  }
)
