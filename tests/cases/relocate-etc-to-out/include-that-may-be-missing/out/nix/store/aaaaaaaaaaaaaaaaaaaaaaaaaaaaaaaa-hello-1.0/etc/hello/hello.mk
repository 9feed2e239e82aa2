-include /etc/hello/local.mk
include /nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-hello-1.0/etc/hello/always.mk
