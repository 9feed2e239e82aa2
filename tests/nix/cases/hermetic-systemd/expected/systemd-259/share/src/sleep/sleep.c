const char * const sleep_dirs[] = {
        "/usr/lib/systemd/system-sleep", SYSTEM_SLEEP_PATH,
        "/etc/systemd/system-sleep",
        0
};
