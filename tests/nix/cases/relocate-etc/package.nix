{
  stdenv,
  relocateEtcToOutHook,
  gcc,
}:
stdenv.mkDerivation {
  name = "hello-1.0";
  src = ./src;
  nativeBuildInputs = [
    relocateEtcToOutHook
    gcc
  ];
  buildPhase = ''
    cc -o hello hello.c
  '';
  # --sysconfdir=/usr/etc, and DESTDIR=$out with a prefix in the store.
  installPhase = ''
    install -D --target-directory="$out/bin" hello
    install -D hello.sh "$out/bin/hello-script"
    install -D --mode=644 --target-directory="$out/lib/systemd/system" hello.service
    install -D --mode=644 --target-directory="$out/usr/etc/hello" hello.conf
    install -D --mode=644 --target-directory="$out$out/etc/hello" compiled.conf
    install -D --mode=644 hello.default "$out/etc/default/hello"
    install -D --mode=644 hello.tmpfiles "$out/etc/tmpfiles.d/hello.conf"
    install -D --mode=644 hello.rules "$out/etc/udev/rules.d/60-hello.rules"
    install -D --mode=644 hello.dbus "$out/etc/dbus-1/system.d/hello.conf"
  '';
}
