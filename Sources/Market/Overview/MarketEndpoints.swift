import Access
import HTTPServer
import JSON
import Kernel
import Postgres
import Signals

/// `/v1/market`.
struct MarketEndpoints {
    let database: Database
    let told: GradeModel

    var operations: [Operation] {
        [
            Operation(
                .get, "/v1/market", id: "getMarket", requires: .permission(.signalsRead), bodyLimit: 0
            ) { request, context in
                var parameters = try request.parameters()
                let moment = MarketMoment(&parameters, now: context.now)
                try parameters.finish()
                guard let moment else { throw Problem(.invalidParameter, "") }
                let overview = try await MarketOverview.read(moment, by: told, in: database)
                return .object { w in overview.write(moment, by: told, to: &w) }
            }
        ]
    }
}
