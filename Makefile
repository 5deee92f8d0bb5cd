# The commands of this tree. `make tour` and `make test` do everything, set-up included.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
SLIPWAY := build/release/slipway

.PHONY: help setup build dev tour test test-all bench format tidy clean

help:
	@echo 'make tour      set up, build, and walk the whole life cycle on real data'
	@echo 'make test      set up, build (release and sanitizers), and run every test'
	@echo 'make build     build/release/slipway'
	@echo 'make test-all  the slow tests too: layers, thread sanitizer, slow files'
	@echo 'make bench     measure beside the peers'
	@echo 'make format    clang-format on everything'

setup:
	@tools/setup test

build:
	@tools/setup build
	@cmake --preset release --log-level=WARNING
	@cmake --build --preset release --target slipway -j $(JOBS)

dev: setup
	@cmake --preset dev --log-level=WARNING
	@cmake --build --preset dev -j $(JOBS)

tour: build
	@$(SLIPWAY) tour $(ARGS)

test: setup build dev
	@cmake --build --preset release -j $(JOBS)
	@ctest --preset dev
	@ctest --preset release

test-all: test
	@tools/test_slow

bench: setup build
	@bench/run

tidy: setup
	@python3 tools/tidy.py

format: setup
	@git ls-files '*.cc' '*.h' | xargs clang-format-19 -i

clean:
	@rm -rf build
