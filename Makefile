# Targets for people and for .ci/run; what takes more than a line is in Scripts/.

PREFIX ?= /usr/local
DESTDIR ?=
RELEASE_FLAGS := -c release --static-swift-stdlib
RELEASE_BINARY = $(shell swift build $(RELEASE_FLAGS) --show-bin-path)/ongrid

.PHONY: help build release dist pictures demo test test-release test-deploy lint format docs install install-systemd uninstall sanitize sanitize-relay \
  fuzz fault soak clean packages

help:
	@echo "make demo       build, relay a few requests to a file, and show what ongrid makes of them"
	@echo "make install    build and install ongrid, its manual pages and completions under PREFIX ($(PREFIX))"
	@echo "make install-systemd   install units for the relay under PREFIX; nothing is started"
	@echo "make build      debug build"
	@echo "make release    release build, without a need for a Swift runtime on the machine it runs on"
	@echo "make test       install what tests need, lint, build and run all tests"
	@echo "                'make test-release' then runs those that start ongrid on the release binary"
	@echo "make dist       what is released, in dist/: tarball, .deb, .rpm, checksums, bill of materials"
	@echo "make test-deploy   check the files of deploy/ and run the stack with its real programs"
	@echo "make pictures   draw the pictures of the README from what the binary prints"
	@echo "make lint       check the format; 'make format' corrects it"
	@echo "make docs       write man/ and completions/ from the option definitions"
	@echo "make sanitize   run the tests under the address and the thread sanitizer"
	@echo "                'make sanitize-relay': the relay's under the thread sanitizer, as CI does"
	@echo "make fuzz       let libFuzzer look for input that breaks a parser; 'make fuzz-NAME' for one target"
	@echo "make fault      kill a relay with a durable queue under load again and again, and count what arrives"
	@echo "make soak       load a relay with an hour's requests and see whether it grows"
	@echo "make bench-NAME run Benchmarks/NAME.sh: $(notdir $(basename $(wildcard Benchmarks/*.sh)))"

packages:
	@Scripts/packages.sh build

build: packages
	swift build

# With commit and day, which 'ongrid --version' tells.
release: packages
	env $$(Scripts/stamp.sh) swift build $(RELEASE_FLAGS) --product ongrid

# What is released: tarball, .deb, .rpm, checksums. RPM=no where there is no rpmbuild.
dist:
	@packaging/dist/dist.sh

demo:
	@Scripts/demo.sh

# The last lines are those of 'swift test', so that its verdict is what one sees.
test: packages
	@Scripts/packages.sh test
	@Scripts/python.sh
	@Scripts/lint.sh
	ONGRID_TEST_TOOLS=required swift test

# Errors that only the optimiser brings to light show here. 'make test' has installed what the tests need.
test-release: release
	ONGRID_BINARY="$(RELEASE_BINARY)" ONGRID_TEST_TOOLS=required swift test --filter '(EndToEnd|Relay|SpanMetrics)Tests'

# The pictures of the README, from what the binary prints.
pictures: release
	python3 Scripts/pictures.py "$(RELEASE_BINARY)"

# The files of deploy/ against their programs, and the stack with the real ones; see deploy/README.md for what it needs.
test-deploy: release
	PATH="$(dir $(RELEASE_BINARY)):$$PATH" deploy/test/check.sh
	PATH="$(dir $(RELEASE_BINARY)):$$PATH" deploy/test/run.sh

lint:
	@Scripts/lint.sh

format:
	swift format --in-place --parallel --recursive Package.swift Sources Tests Benchmarks

docs: build
	Scripts/docs.sh .build/debug/ongrid

install: release
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share/man/man1"
	install -m 755 "$(RELEASE_BINARY)" "$(DESTDIR)$(PREFIX)/bin/ongrid"
	install -m 644 man/*.1 "$(DESTDIR)$(PREFIX)/share/man/man1"
	install -d "$(DESTDIR)$(PREFIX)/share/bash-completion/completions" \
	  "$(DESTDIR)$(PREFIX)/share/zsh/site-functions" "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d"
	install -m 644 completions/ongrid.bash "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/ongrid"
	install -m 644 completions/_ongrid "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_ongrid"
	install -m 644 completions/ongrid.fish "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/ongrid.fish"

# Separate from install, which knows nothing of services. Then: systemctl enable --now ongrid-relay
UNITS := $(patsubst packaging/systemd/%,%,$(wildcard packaging/systemd/*.service packaging/systemd/*.socket \
  packaging/systemd/*.timer))
install-systemd:
	install -d "$(DESTDIR)$(PREFIX)/lib/systemd/system" "$(DESTDIR)$(PREFIX)/share/doc/ongrid"
	set -e; for unit in $(UNITS); do \
	  sed 's|/usr/bin/ongrid|$(PREFIX)/bin/ongrid|' "packaging/systemd/$$unit" \
	    >"$(DESTDIR)$(PREFIX)/lib/systemd/system/$$unit"; \
	  chmod 644 "$(DESTDIR)$(PREFIX)/lib/systemd/system/$$unit"; done
	install -m 644 packaging/systemd/relay.env.example packaging/systemd/token.conf.example \
	  "$(DESTDIR)$(PREFIX)/share/doc/ongrid"

uninstall:
	rm -f "$(DESTDIR)$(PREFIX)/bin/ongrid" "$(DESTDIR)$(PREFIX)"/share/man/man1/ongrid*.1 \
	  "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/ongrid" \
	  "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_ongrid" \
	  "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/ongrid.fish"
	cd "$(DESTDIR)$(PREFIX)" && rm -f $(addprefix lib/systemd/system/,$(UNITS)) share/doc/ongrid/relay.env.example \
	  share/doc/ongrid/token.conf.example

sanitize: packages
	@Scripts/sanitize.sh

# The part of it that CI runs: what has threads.
sanitize-relay: packages
	SANITIZE_FILTER='(Relay|HTTPServer|Transport)Tests' SANITIZE_REPORTS_ONLY=1 Scripts/sanitize.sh thread

# libFuzzer on everything that reads bytes from outside, FUZZ_SECONDS a target; 'make fuzz-NAME' runs one of them. The
# suite FuzzTests looks at the same targets with seeds, findings and random damage.
export FUZZ_SECONDS ?= 60
fuzz: packages
	@Scripts/fuzz.sh

fuzz-%: packages
	@Scripts/fuzz.sh $*

# Kills a relay with a durable queue under load, KILL_ROUNDS times, and counts what arrives.
KILL_ROUNDS ?= 50
fault:
	ONGRID_KILL_ROUNDS=$(KILL_ROUNDS) swift test --filter DurabilityTests

# An hour at 1,000 requests a second; see Benchmarks/soak.sh for SOAK_REQUESTS and SOAK_RATE.
soak: bench-soak

bench-%: release
	@Benchmarks/$*.sh "$(RELEASE_BINARY)"

clean:
	swift package clean
