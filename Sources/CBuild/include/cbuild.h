// What this binary was built from, put in by Package.swift from ONGRID_COMMIT and ONGRID_DATE.
#pragma once

/// The commit, abbreviated, with "+changes" where files differed from it; empty when it was not stated.
const char *cbuild_commit(void);
/// The day of the commit, such as 2026-01-31; empty when it was not stated.
const char *cbuild_date(void);
