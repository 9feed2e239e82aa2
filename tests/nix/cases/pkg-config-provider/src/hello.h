int hello(void);
