import CLinux
import Glibc
import Jobs
import Kernel
import Postgres
import Synchronization

/// What /metrics tells of the node as a process, by the names that Prometheus' own clients use.
extension NodeShared {
    func exportState() {
        metrics.computed(
            "keybell_approvals_pending", "Requests that wait for approvals.", kind: "gauge"
        ) { [state] in Double(state.pendingApprovals) }
        let build = [Release.version, "\(Release.schema)", Release.build ?? ""]
        metrics.computed(
            "keybell_build_info", "Always 1; which version this is.", kind: "gauge",
            label: ["version", "schema", "build"]
        ) { [(build, 1)] }
        metrics.computed("keybell_database_connections", "Open connections to the database.", kind: "gauge") {
            [databaseUse] in Double(databaseUse.connections)
        }
        metrics.computed(
            "keybell_database_waiting", "Callers in line for a connection of their own.", kind: "gauge"
        ) { [databaseUse] in Double(databaseUse.callersWaiting) }
        metrics.computed(
            "keybell_database_overloads_total",
            "Callers who found the line full, or waited in it for too long.", kind: "counter"
        ) { [databaseUse] in Double(databaseUse.callersRefused) }
        let started = Double(startedAt.microseconds) / 1e6
        metrics.computed(
            "process_start_time_seconds", "When the process began, in seconds since 1970.", kind: "gauge"
        ) { started }
        metrics.computed("process_resident_memory_bytes", "Memory in use.", kind: "gauge") {
            ProcessUse.residentBytes
        }
        metrics.computed("process_cpu_seconds_total", "Processor time used.", kind: "counter") {
            ProcessUse.processorSeconds
        }
        metrics.computed("process_open_fds", "Open descriptors.", kind: "gauge") {
            ProcessUse.openDescriptors
        }
        metrics.computed("process_max_fds", "Descriptors that may be open.", kind: "gauge") {
            ProcessUse.mostDescriptors
        }
    }
}

/// What the kernel counts of this process.
enum ProcessUse {
    /// The second number of /proc/self/statm, in pages.
    static var residentBytes: Double {
        guard let text = try? SecretFile.read("/proc/self/statm", limit: 256) else { return 0 }
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return Double(pages * sysconf(Int32(_SC_PAGESIZE)))
    }

    static var processorSeconds: Double {
        var use = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &use)
        return [use.ru_utime, use.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
    }

    /// The folder that is read is one of them while it is read.
    static var openDescriptors: Double { Double(max((folderEntries("/proc/self/fd")?.count ?? 1) - 1, 0)) }

    static var mostDescriptors: Double {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Double(limit.rlim_cur)
    }
}

/// Runs of jobs on this node.
final class JobMetrics: Sendable {
    private let runs: CounterFamily
    private let lastSuccess = Mutex<[String: Double]>([:])

    init(_ metrics: Metrics) {
        runs = metrics.counters(
            "keybell_job_runs_total", "Runs of jobs on this node.", label: ["job", "outcome"])
        metrics.computed(
            "keybell_job_last_success_timestamp_seconds",
            "When a job last succeeded on this node, in seconds since 1970.", kind: "gauge", label: ["job"]
        ) { [self] in
            lastSuccess.withLock { $0 }.sorted { $0.key < $1.key }.map { ([$0.key], $0.value) }
        }
    }

    func ended(_ job: String, _ outcome: RunRecord.Outcome, at now: Timestamp) {
        runs.with(job, outcome.rawValue).add()
        if outcome == .succeeded {
            lastSuccess.withLock { $0[job] = Double(now.microseconds) / 1e6 }
        }
    }
}

extension Scheduler {
    func count(in shared: NodeShared) {
        let jobs = JobMetrics(shared.metrics)
        onEnd = { job, outcome in jobs.ended(job, outcome, at: shared.clock.now()) }
    }
}
