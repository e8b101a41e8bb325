# pg_kafka: an ordinary PGXS extension, plus the targets of this project.
#
#   make run | stop      a private server with the extension, Kafka clients on port 9092 (KAFKA_PORT)
#   make test            everything: installs, then unit tests, pg_regress and TAP tests
#   make install         into the server that PG_CONFIG names;   make installcheck  tests that installation
#   make unit            the tests of the pure floors, without PostgreSQL (also under sanitizers)
#   make fuzz            looks for inputs that break what reads requests (clang++-14); make test replays what was found
#   make deps            installs the Debian packages that .ci/packages lists
#   make dist            the zip for PGXN, of the last commit;   make distcheck  unpacks it, installs from there and tests that
#   make bench           measures a broker, prints a table: the server of make run, or BOOTSTRAP=host:port
#   make format          formats the sources
#
# Variables: PG_CONFIG, CXX, WERROR=-Werror, PROVE_TESTS=t/104_fetch.pl, KAFKA_PORT=9092. All of it works as root, too: what
# starts a server then runs as the user postgres. Those of make bench are explained in README.md, "How fast".

EXTENSION = pg_kafka
MODULE_big = pg_kafka
# With the script for the next version once there is one: see src/README.md.
DATA = pg_kafka--1.0.sql
OBJS = $(patsubst %.cpp,%.o,$(wildcard src/*.cpp src/*/*.cpp))

LIBRARIES = -luv -lrdkafka -lzstd -llz4 -lsnappy -lz
# PGXS links with the C compiler.
SHLIB_LINK = $(LIBRARIES) -lstdc++ -lpthread
PG_CXXFLAGS = -std=c++20 -Wall -Wextra $(WERROR) -MMD -MP
PG_CPPFLAGS = -I$(srcdir)/src -isystem $(shell $(PG_CONFIG) --includedir-server)
# The bitcode rule of PGXS ignores PG_CXXFLAGS.
override with_llvm := no

# The tests of an installation; they are also run with this Makefile outside the current directory.
project := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
REGRESS = $(sort $(notdir $(basename $(wildcard $(project)sql/*.sql))))
REGRESS_OPTS = --temp-instance=tmp_regress --temp-config=$(project).ci/regress.conf --encoding=UTF8 --no-locale
TAP_TESTS = 1
EXTRA_CLEAN = $(OBJS:.o=.d) .build/plain .build/sanitized .build/fuzz .build/bench .build/dist $(EXTENSION)-*.zip tmp_regress tmp_check log
ifeq ($(shell id -u),0)
NO_INSTALLCHECK = 1
endif

PG_CONFIG ?= pg_config
JOBS ?= $(shell nproc)
KAFKA_PORT ?= 9092
PGXS := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))
ifneq ($(PGXS),)
include $(PGXS)
# Most tests wait most of the time.
PROVE_FLAGS += -j$(JOBS) -I $(srcdir)/t
else
all install installcheck clean:
	@echo "PostgreSQL's development files are missing: make deps installs them, or set PG_CONFIG" >&2; exit 1
endif

# Only the front door, pg/ and sql/ see the server's headers: elsewhere #include "postgres.h" does not compile.
$(filter-out src/pg_kafka.o src/pg/% src/sql/%,$(OBJS)): override CPPFLAGS = -I$(srcdir)/src
-include $(OBJS:.o=.d)

# PostgreSQL's tools refuse to run as root.
ifdef NO_INSTALLCHECK
installcheck:
	@PG_CONFIG='$(PG_CONFIG)' PROVE_TESTS='$(PROVE_TESTS)' .ci/installcheck-as-postgres
endif

# Unit tests: the pure floors, what is pure in api/, and t/unit in one program, without PostgreSQL. The plain one has the objects of
# the extension itself.
PURE_SOURCES = $(wildcard $(addprefix src/,$(addsuffix /*.cpp,status wire record net log group txn)))
FUZZ_SOURCES = t/fuzz/targets.cpp t/fuzz/txn.cpp
TESTED_SOURCES = $(PURE_SOURCES) $(addprefix src/api/,broker_configs.cpp checking_threads.cpp fetch_sessions.cpp)
UNIT_SOURCES = $(wildcard t/unit/*.cpp) $(FUZZ_SOURCES)
# -g1: lines for the sanitizers to name; more takes half as long again to compile. To optimize the tests, too, takes eight times as long.
UNIT_FLAGS = -std=c++20 -Wall -Wextra $(WERROR) -MMD -MP -Isrc -It/unit -g1
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
.build/plain/t/%.o: t/%.cpp
	@mkdir -p $(@D)
	$(CXX) $(UNIT_FLAGS) -O0 -c $< -o $@
.build/sanitized/t/%.o: t/%.cpp
	@mkdir -p $(@D)
	$(CXX) $(UNIT_FLAGS) -O0 $(SANITIZE) -c $< -o $@
.build/sanitized/src/%.o: src/%.cpp
	@mkdir -p $(@D)
	$(CXX) $(UNIT_FLAGS) -O1 $(SANITIZE) -c $< -o $@
.build/plain/unit: $(TESTED_SOURCES:%.cpp=%.o) $(UNIT_SOURCES:%.cpp=.build/plain/%.o)
	$(CXX) $^ -o $@ $(LIBRARIES) -lpthread
.build/sanitized/unit: $(TESTED_SOURCES:%.cpp=.build/sanitized/%.o) $(UNIT_SOURCES:%.cpp=.build/sanitized/%.o)
	$(CXX) $(SANITIZE) $^ -o $@ $(LIBRARIES) -lpthread
-include $(UNIT_SOURCES:%.cpp=.build/plain/%.d) $(UNIT_SOURCES:%.cpp=.build/sanitized/%.d) \
    $(TESTED_SOURCES:%.cpp=.build/sanitized/%.d)

.PHONY: unit unit-programs test run bench stop deps format fuzz
unit-programs: .build/plain/unit .build/sanitized/unit
unit: deps
	$(MAKE) -j$(JOBS) unit-programs
	.build/plain/unit
	.build/sanitized/unit

# Fuzzing with clang's libFuzzer: FUZZ_SECONDS for each of FUZZ_TARGETS, from the kept corpus on, which is then replaced by what
# covers the most with the fewest inputs. GOLDEN=folder adds golden vectors to begin with.
FUZZ_TARGETS ?= wire record net group txn
FUZZ_SECONDS ?= 60
FUZZ_FLAGS = -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
.build/fuzz/%.o: %.cpp
	@mkdir -p $(@D)
	clang++-14 $(UNIT_FLAGS) $(FUZZ_FLAGS) -c $< -o $@
.build/fuzz/fuzz: $(PURE_SOURCES:%.cpp=.build/fuzz/%.o) $(FUZZ_SOURCES:%.cpp=.build/fuzz/%.o) .build/fuzz/t/fuzz/fuzzer.o
	clang++-14 -fsanitize=fuzzer,address,undefined $^ -o $@ $(LIBRARIES) -lpthread
fuzz:
	@.ci/install-packages fuzz
	$(MAKE) -j$(JOBS) .build/fuzz/fuzz
	$(MAKE) $(FUZZ_TARGETS:%=fuzz-%)
fuzz-%: .build/fuzz/fuzz
	test -z '$(GOLDEN)' || perl t/fuzz/corpus.pl seed '$(GOLDEN)' .build/fuzz/corpus
	test ! -f t/fuzz/corpus/$*.hex || perl t/fuzz/corpus.pl unpack t/fuzz/corpus/$*.hex .build/fuzz/corpus/$*
	TARGET=$* $< -max_total_time=$(FUZZ_SECONDS) -max_len=65536 -rss_limit_mb=1024 -artifact_prefix=.build/fuzz/$*- \
	    -print_final_stats=1 .build/fuzz/corpus/$*
	rm -rf .build/fuzz/least/$* && mkdir -p .build/fuzz/least/$* t/fuzz/corpus
	TARGET=$* $< -merge=1 .build/fuzz/least/$* .build/fuzz/corpus/$*
	perl t/fuzz/corpus.pl pack t/fuzz/corpus/$*.hex .build/fuzz/least/$*

# A new make after deps, which may have brought pg_config. t/000_unit.pl runs the unit programs.
test: deps
	$(MAKE) -j$(JOBS) all unit-programs
	$(INSTALL_HERE)
	$(MAKE) installcheck

run: deps
	$(MAKE) -j$(JOBS) all
	$(INSTALL_HERE)
	@PG_CONFIG='$(PG_CONFIG)' KAFKA_PORT=$(KAFKA_PORT) RUN_SETTINGS='$(RUN_SETTINGS)' .ci/server start

# What PGXN takes. That it lacks nothing is seen from a folder that has nothing else.
DIST = $(EXTENSION)-$(shell sed -n 's/^   "version": "\(.*\)",/\1/p' META.json)
.PHONY: dist distcheck
dist:
	git archive --format=zip --prefix=$(DIST)/ --output=$(DIST).zip HEAD

distcheck: SOURCES = .build/dist/$(DIST)
distcheck: dist deps
	@.ci/install-packages distcheck
	rm -rf .build/dist && mkdir -p .build/dist
	unzip -q $(DIST).zip -d .build/dist
	$(MAKE) -C $(SOURCES) -j$(JOBS) all
	$(INSTALL_HERE)
	$(MAKE) -C $(SOURCES) installcheck PROVE_TESTS=t/003_extension.pl

# Against the server of make run, which then has the settings that follow; or any other: make bench BOOTSTRAP=host:port.
BOOTSTRAP ?= localhost:$(KAFKA_PORT)
SECONDS ?= 3
RUNS ?= 3
FIGURES ?= .
GROW ?= 0
bench: RUN_SETTINGS = shared_buffers=512MB max_wal_size=4GB pg_kafka.max_connections=11000 \
    pg_kafka.group_initial_rebalance_delay_ms=0

BENCH_SOURCES = $(wildcard src/wire/*.cpp src/record/*.cpp t/bench/*.cpp)
BENCH_OBJECTS = $(BENCH_SOURCES:%.cpp=.build/bench/%.o)
.build/bench/%.o: %.cpp
	@mkdir -p $(@D)
	$(CXX) -std=c++20 -O2 -Wall -Wextra $(WERROR) -MMD -MP -Isrc -It/bench -c $< -o $@
.build/bench/bench: $(BENCH_OBJECTS)
	$(CXX) $^ -o $@ -lrdkafka++ -lzstd -llz4 -lsnappy -lz -lpthread
-include $(BENCH_OBJECTS:.o=.d)

# The server of make run can also be asked for WAL and sizes, its disk is known, and it can be started anew.
ifeq ($(origin BOOTSTRAP),file)
bench: run
bench: PSQL = $(shell PG_CONFIG='$(PG_CONFIG)' .ci/server psql)
bench: DISK = $(shell PG_CONFIG='$(PG_CONFIG)' .ci/server disk)
bench: SERVER = PG_CONFIG='$(PG_CONFIG)' KAFKA_PORT=$(KAFKA_PORT) RUN_SETTINGS='$(RUN_SETTINGS)' .ci/server
bench: START = $(SERVER) start
bench: STOP = $(SERVER) stop
else
bench: deps
endif
DISK ?= .
bench:
	$(MAKE) -j$(JOBS) .build/bench/bench
	@PATH="$$PATH:$$($(PG_CONFIG) --bindir)" .build/bench/bench bootstrap='$(BOOTSTRAP)' kafka='$(KAFKA)' psql='$(PSQL)' \
	    disk='$(DISK)' seconds='$(SECONDS)' runs='$(RUNS)' figures='$(FIGURES)' grow='$(GROW)' \
	    start="$(START)" stop="$(STOP)" kafka-start="$(KAFKA_START)" kafka-stop="$(KAFKA_STOP)"

stop:
	@PG_CONFIG='$(PG_CONFIG)' .ci/server stop

# The server's directories usually belong to root.
SOURCES = .
INSTALL_HERE = @test -w "$$($(PG_CONFIG) --pkglibdir)" || sudo=sudo; \
	$$sudo $(MAKE) --no-print-directory -C $(SOURCES) install PG_CONFIG='$(PG_CONFIG)' WERROR='$(WERROR)'

deps:
	@PG_CONFIG='$(PG_CONFIG)' .ci/install-packages

format:
	@.ci/install-packages format
	clang-format-14 -i $$(find src t -name '*.h' -o -name '*.cpp')
