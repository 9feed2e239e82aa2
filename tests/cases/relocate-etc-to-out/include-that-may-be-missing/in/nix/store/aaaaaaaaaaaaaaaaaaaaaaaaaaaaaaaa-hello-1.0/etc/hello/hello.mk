-include /etc/hello/local.mk
include /etc/hello/always.mk
