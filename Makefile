# pg_kafka: an ordinary PGXS extension, plus the targets of this project.
#
#   make run | stop      a private server with the extension, Kafka clients on port 9092
#   make test            everything: unit tests, pg_regress, TAP tests
#   make install         into the server that PG_CONFIG names;   make installcheck  tests that installation
#   make unit            the tests of the pure floors, without PostgreSQL (also under sanitizers)
#   make bench           measures;   make format  formats the sources

EXTENSION = pg_kafka
MODULE_big = pg_kafka
DATA = pg_kafka--1.0.sql
OBJS = $(patsubst %.cpp,%.o,$(wildcard src/*.cpp src/*/*.cpp))

LIBRARIES = -luv -lrdkafka -lzstd -llz4 -lsnappy -lz
SHLIB_LINK = $(LIBRARIES) -lstdc++ -lpthread # PGXS links with the C compiler
PG_CXXFLAGS = -std=c++20 -Wall -Wextra $(WERROR) -MMD -MP
PG_CPPFLAGS = -I$(srcdir)/src -isystem $(shell $(PG_CONFIG) --includedir-server)
override with_llvm := no # the bitcode rule of PGXS ignores PG_CXXFLAGS

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# Only the front door, pg/ and sql/ see the server's headers: elsewhere #include "postgres.h" does not compile.
$(filter-out src/pg_kafka.o src/pg/% src/sql/%,$(OBJS)): override CPPFLAGS = -I$(srcdir)/src
-include $(OBJS:.o=.d)

# Unit tests: the pure floors and t/unit in one program, built without PostgreSQL.
UNIT_SOURCES = $(wildcard $(addprefix src/,$(addsuffix /*.cpp,wire record net log group txn))) $(wildcard t/unit/*.cpp)
UNIT_FLAGS = -std=c++20 -Wall -Wextra $(WERROR) -MMD -MP -Isrc -It/unit -g
UNIT_plain = -O1
UNIT_sanitized = -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

define unit_program
.build/$(1)/%.o: %.cpp
	@mkdir -p $$(@D)
	$$(CXX) $$(UNIT_FLAGS) $$(UNIT_$(1)) -c $$< -o $$@
.build/$(1)/unit: $$(UNIT_SOURCES:%.cpp=.build/$(1)/%.o)
	$$(CXX) $$(UNIT_$(1)) $$^ -o $$@ $$(LIBRARIES) -lpthread
-include $$(UNIT_SOURCES:%.cpp=.build/$(1)/%.d)
endef
$(foreach build,plain sanitized,$(eval $(call unit_program,$(build))))

.PHONY: unit
unit: .build/plain/unit .build/sanitized/unit
	.build/plain/unit
	.build/sanitized/unit
