// What lets one binary run on glibc 2.28 and later, whatever it was compiled on. The linker is told to --wrap these
// functions: exp, exp2, log, log2 and pow have had new versions since 2.29, which differ from the old in how they report
// errors alone.
#if defined(__x86_64__)
#define OLD "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define OLD "GLIBC_2.17"
#endif

#define ONE(name)                                         \
  extern double old_##name(double);                       \
  __asm__(".symver old_" #name "," #name "@" OLD);        \
  double __wrap_##name(double x);                         \
  double __wrap_##name(double x) { return old_##name(x); }

ONE(exp)
ONE(exp2)
ONE(log)
ONE(log2)

extern double old_pow(double, double);
__asm__(".symver old_pow,pow@" OLD);
double __wrap_pow(double x, double y);
double __wrap_pow(double x, double y) { return old_pow(x, y); }

// std::__throw_bad_array_new_length(), which Swift's runtime calls and libstdc++ has had since GCC 11.
void abort(void);
void _ZSt28__throw_bad_array_new_lengthv(void);
void _ZSt28__throw_bad_array_new_lengthv(void) { abort(); }
