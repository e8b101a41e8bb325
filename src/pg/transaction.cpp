// Begin, commit and roll back through guards; see transaction.h. Main thread only.
#include "pg/transaction.h"

#include "pg/process.h"

#include <exception>

#include "pg/guard.h"

extern "C" {
#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/ipc.h"
#include "utils/backend_status.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
}

namespace kafka::pg {
namespace {

uint64_t ids_used;

bool has_id() { return TransactionIdIsValid(GetTopTransactionIdIfAny()); }

void begin(const char* activity) {
    drop_kept_error();
    call([activity] {
        QueryCancelPending = false;  // a cancel request that came between transactions meant no statement
        QueryCancelHoldoffCount = 0; // from here on there is something to cancel
        SetCurrentStatementStartTimestamp();
        pgstat_report_activity(STATE_RUNNING, activity);
        StartTransactionCommand();
        if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "could not connect to SPI");
        PushActiveSnapshot(GetTransactionSnapshot()); // values in TOAST tables are read under it
    });
}

/// synchronous_commit of this transaction alone.
void set_synchronous_commit(Durability durability) {
    if (durability == Durability::none_written) return;
    if (durability == Durability::later) {
        (void)set_config_option("synchronous_commit", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL,
                                true, 0, false);
        return;
    }
    const bool local = durability == Durability::local;
    if (local ? synchronous_commit == SYNCHRONOUS_COMMIT_LOCAL_FLUSH
              : synchronous_commit != SYNCHRONOUS_COMMIT_OFF)
        return;
    (void)set_config_option("synchronous_commit", "local", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true,
                            0, false);
}

void report_idle() {
    pgstat_report_stat(false);
    pgstat_report_activity(STATE_IDLE, nullptr);
}

/// Without a rollback the process cannot go on: it leaves, as after any FATAL, and is started anew.
void roll_back() noexcept {
    try {
        call([] {
            hold_cancel_requests();
            end_era();
            ids_used += has_id();
            AbortCurrentTransaction();
            report_idle();
        });
    } catch (...) {
        proc_exit(1);
    }
}

} // namespace

Transaction::Transaction(const char* activity) {
    try {
        begin(activity);
    } catch (...) {
        roll_back();
        throw;
    }
}

Transaction::~Transaction() {
    if (open_) roll_back();
}

void Transaction::commit(Durability durability) {
    // Nobody could end the wait for a synchronous standby any more: the signal to shut down may have come long ago.
    if (durability == Durability::server && shutdown_requested()) durability = Durability::local;
    call([durability] {
        set_synchronous_commit(durability);
        PopActiveSnapshot();
    });
    throw_kept_error();
    MemoryContextSwitchTo(TopMemoryContext); // for an error of what follows: SPI's context ends before it
    const CancelRequestsIgnored ignored;
    call([] {
        if (!shutdown_requested()) CHECK_FOR_INTERRUPTS(); // the last moment for a cancel request
        if (SPI_finish() != SPI_OK_FINISH) elog(ERROR, "could not finish SPI");
        end_era();
        const bool takes_id = has_id();
        CommitTransactionCommand();
        ids_used += takes_id;
        hold_cancel_requests();
    });
    open_ = false;
    try {
        call([] { report_idle(); });
    } catch (const Error&) {
        // Statistics; the transaction has been committed and is not to be reported as failed.
    }
}

Connection::Connection() : exceptions_(std::uncaught_exceptions()) {
    call([] {
        if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "could not connect to SPI");
        PushActiveSnapshot(GetTransactionSnapshot());
    });
}

Connection::~Connection() noexcept(false) {
    if (std::uncaught_exceptions() > exceptions_) return;
    call([] {
        PopActiveSnapshot();
        SPI_finish();
        end_era();
    });
}

bool in_transaction() { return IsTransactionState(); }

uint64_t transaction_ids_used() noexcept { return ids_used; }

} // namespace kafka::pg
