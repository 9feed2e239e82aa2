#include <stdio.h>

#ifdef LIBRARY
int hello(void) { return puts("hello"); }
#else
int hello(void);
int main(void) { return hello() < 0; }
#endif
