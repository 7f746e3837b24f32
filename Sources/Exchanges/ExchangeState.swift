import JSON
package import Kernel

/// What a node has measured at an exchange, and how much it has asked there.
package struct ExchangeState: Sendable, Equatable {
    package struct Clock: Sendable, Equatable {
        package let environment: Environment
        package let offset: Period
        package let uncertainty: Period
        package let age: Period

        package init(_ environment: Environment, offset: Period, uncertainty: Period, age: Period) {
            (self.environment, self.offset) = (environment, offset)
            (self.uncertainty, self.age) = (uncertainty, age)
        }
    }

    /// By one address at one host.
    package struct Weight: Sendable, Equatable {
        package let environment: Environment
        package let host: String
        package let address: String
        package let budget: String
        package let used: Int
        package let limit: Int

        package init(
            _ environment: Environment, host: String, address: String, budget: String, used: Int, limit: Int
        ) {
            (self.environment, self.host, self.address) = (environment, host, address)
            (self.budget, self.used, self.limit) = (budget, used, limit)
        }
    }

    package struct Ban: Sendable, Equatable {
        package let environment: Environment
        package let host: String
        package let address: String
        package let left: Period

        package init(_ environment: Environment, host: String, address: String, left: Period) {
            (self.environment, self.host, self.address, self.left) = (environment, host, address, left)
        }
    }

    package var clocks: [Clock] = []
    package var weights: [Weight] = []
    package var bans: [Ban] = []

    package init() {}

    func write(to w: inout JSONWriter) {
        w.array("clocks", clocks) { w, clock in
            w.object { w in
                w.field("environment", clock.environment.rawValue)
                w.field("offset_milliseconds", clock.offset.milliseconds)
                w.field("uncertainty_milliseconds", clock.uncertainty.milliseconds)
                w.field("age_seconds", clock.age.seconds)
            }
        }
        w.array("weights", weights) { w, weight in
            w.object { w in
                w.field("environment", weight.environment.rawValue)
                w.field("host", weight.host)
                w.field("egress_address", weight.address.isEmpty ? nil : weight.address)
                w.field("budget", weight.budget)
                w.field("used", Int64(weight.used))
                w.field("limit", Int64(weight.limit))
            }
        }
        w.array("bans", bans) { w, ban in
            w.object { w in
                w.field("environment", ban.environment.rawValue)
                w.field("host", ban.host)
                w.field("egress_address", ban.address.isEmpty ? nil : ban.address)
                w.field("seconds_left", ban.left.seconds)
            }
        }
    }
}

extension Period {
    fileprivate var milliseconds: Double { Double(microseconds) / 1_000 }
}
