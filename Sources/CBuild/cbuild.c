#include "cbuild.h"

#ifndef ONGRID_COMMIT
#define ONGRID_COMMIT ""
#endif
#ifndef ONGRID_DATE
#define ONGRID_DATE ""
#endif

const char *cbuild_commit(void) { return ONGRID_COMMIT; }

const char *cbuild_date(void) { return ONGRID_DATE; }
