// The border between C++ and the server's C: errors become exceptions on the way in (call) and exceptions
// become errors on the way out (entry). Private to pg/, sql/ and the front door; main thread of a process
// only. Include it after the standard headers: the server's headers redefine some of their names as macros.
#pragma once
#include "pg/error.h"

#include <cstdint>
#include <exception>
#include <type_traits>
#include <utility>

extern "C" {
#include "postgres.h"

#include "utils/memutils.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h" // before that a part of postgres.h
#endif
}

namespace kafka::pg {

/// Puts the server's error stacks back, however the scope is left.
class ErrorStacks {
public:
    ErrorStacks() = default;
    ErrorStacks(const ErrorStacks&) = delete;
    ErrorStacks& operator=(const ErrorStacks&) = delete;
    ~ErrorStacks() {
        PG_exception_stack = handler_;
        error_context_stack = context_;
    }

private:
    sigjmp_buf* handler_ = PG_exception_stack;
    ErrorContextCallback* context_ = error_context_stack;
};

/// Changes with every error and with every end of an SPI connection: what the server made in an earlier era
/// belongs to it alone, and must neither be used nor freed.
uint64_t current_era() noexcept;
void end_era() noexcept;

/// Takes the error that the server has just raised off its stack and throws it as Error.
[[noreturn]] void throw_error(MemoryContext context);

/// Runs `body`, which may call the server; an ERROR in it is thrown as pg::Error.
/// The body's own locals must need no destructor: the server leaves them by longjmp. So its captures and its
/// result are trivially destructible; allocate C++ things before or after. Not inlined, so that what the body
/// changes by reference lives in the caller's memory and survives the longjmp.
template <class F> [[gnu::noinline]] auto call(F body) -> decltype(body()) {
    using Outcome = decltype(body());
    static_assert(std::is_trivially_destructible_v<F>, "captures must not need a destructor");
    static_assert(std::is_void_v<Outcome> || std::is_trivially_destructible_v<Outcome>, "nor the result");
    const MemoryContext context = CurrentMemoryContext;
    {
        const ErrorStacks restored_at_exit;
        sigjmp_buf here;
        if (sigsetjmp(here, 0) == 0) {
            PG_exception_stack = &here;
            return body();
        }
    }
    throw_error(context);
}

/// What call_at_end() has caught in the present transaction. Throwing it ends the transaction, as any Error does.
void keep_error(const Error& error) noexcept;
void throw_kept_error();
void drop_kept_error() noexcept;

/// call() for destructors, which must not throw: an ERROR is kept, and the transaction cannot be committed any more.
template <class F> void call_at_end(F body) noexcept {
    try {
        call(body);
    } catch (const Error& error) {
        keep_error(error);
    }
}

/// What an exception says, in server memory, so that no C++ object is alive when the server is told.
struct Report {
    int sqlstate;
    const char* message;
    const char* detail; ///< null: none
    const char* hint;   ///< null: none
};

Report report_of(const Error& error) noexcept;
Report report_of(const std::exception& error) noexcept;
Report report_of_unknown() noexcept;
/// ereport(ERROR); called with no C++ frame below that needs unwinding.
[[noreturn]] void raise(const Report& report);

/// The body of every function that the server calls and that may fail: exceptions leave as ERROR. `body` owns
/// whatever needs a destructor; the caller's frame owns nothing.
template <class F> auto entry(F&& body) -> decltype(body()) {
    static_assert(std::is_trivially_destructible_v<std::remove_cvref_t<F>>,
                  "captures must not need a destructor");
    Report report;
    try {
        return body();
    } catch (const Error& error) {
        report = report_of(error);
    } catch (const std::exception& error) {
        report = report_of(error);
    } catch (...) {
        report = report_of_unknown();
    }
    raise(report);
}

} // namespace kafka::pg
