import Access
import Events
import Kernel
import Postgres

/// How much routes and rules told one by one in the running minute: of a route new alerts, of a rule firings.
enum Floods {
    /// What waits of one telling because enough was told.
    struct Flood: Equatable {
        var routes: Set<AlertRouteID> = []
        /// So many of its firings still fit into what its rule tells one by one; nil: all do.
        var ofRule: Int?
    }

    private enum Source: Hashable {
        case route(AlertRouteID)
        case rule(AlertRuleID)

        var uuid: UUID {
            switch self {
            case .route(let id): id.uuid
            case .rule(let id): id.uuid
            }
        }
    }

    /// What one source tells now.
    private struct Load {
        let most: Int
        var shares: [(place: Int, count: Int)] = []

        var count: Int { shares.reduce(0) { $0 + $1.count } }

        /// The shares that do not fit beside what was told before, each with how much of it does.
        func overflow(after told: Int) -> [(place: Int, fits: Int)] {
            var room = most - told
            return shares.compactMap { share in
                let fits = min(max(room, 0), share.count)
                room -= share.count
                return fits < share.count ? (share.place, fits) : nil
            }
        }
    }

    /// Everybody takes the rows in one order.
    private static let raise = Statement(
        "alert_flood_raise",
        """
        insert into alert_flood as f (source, minute, told)
        select source, $3, told from unnest($1::uuid[], $2::bigint[]) as n (source, told) order by source
        on conflict (source) do update set minute = excluded.minute,
            told = excluded.told + case when f.minute = excluded.minute then f.told else 0 end
        returning source, told
        """)

    /// By place among the tellings; where nothing waits, nothing.
    nonisolated(nonsending) static func count(
        _ tellings: [Telling], _ plans: [TellingPlan], at now: Timestamp, in transaction: Transaction
    ) async throws -> [Int: Flood] {
        let loads = loads(tellings, plans)
        guard !loads.isEmpty else { return [:] }
        let sources = Array(loads.keys)
        let rows = try await transaction.query(
            raise, .uuidArray(sources.map(\.uuid)),
            .int64Array(sources.map { Int64(loads[$0]?.count ?? 0) }), .timestamp(now.minute))
        let told = Dictionary(rows.map { ($0.uuid(0), $0.int(1)) }, uniquingKeysWith: { $1 })
        var floods: [Int: Flood] = [:]
        for (source, load) in loads {
            guard let told = told[source.uuid] else { continue }
            for (place, fits) in load.overflow(after: told - load.count) {
                switch source {
                case .route(let id): floods[place, default: Flood()].routes.insert(id)
                case .rule: floods[place, default: Flood()].ofRule = fits
                }
            }
        }
        return floods
    }

    private static func loads(_ tellings: [Telling], _ plans: [TellingPlan]) -> [Source: Load] {
        var loads: [Source: Load] = [:]
        for (place, (telling, plan)) in zip(tellings, plans).enumerated() {
            if let quota = telling.quota, plan.target != nil, telling.events.first?.type == .alertFiring {
                loads[.rule(quota.rule), default: Load(most: quota.firings)].shares.append(
                    (place, telling.events.count))
            }
            guard telling.isNew, !plan.chosen.isEmpty else { continue }
            for route in plan.routes {
                guard let most = route.digestAbove else { continue }
                loads[.route(route.id), default: Load(most: most)].shares.append((place, 1))
            }
        }
        return loads
    }
}
