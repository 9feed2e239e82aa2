#define HWDB_BIN_PATHS \
        "/etc/udev/hwdb.bin\0" \
        UDEVLIBEXECDIR "/hwdb.bin\0"
