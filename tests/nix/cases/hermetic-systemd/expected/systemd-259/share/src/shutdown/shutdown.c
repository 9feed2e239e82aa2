const char * const shutdown_dirs[] = {
        "/usr/lib/systemd/system-shutdown", SYSTEM_SHUTDOWN_PATH,
        0
};
