#include "csnappy.h"
