import Exchanges
package import Kernel

/// Labels are closed sets: exchanges, their environments and hosts, and the addresses of the settings.
extension ExchangeStates {
    private static let clockLabels = ["exchange", "environment"]
    private static let addressLabels = ["exchange", "environment", "host", "address"]

    package func export(to metrics: Metrics) {
        exportClocks(to: metrics)
        exportWeights(to: metrics)
    }

    private func exportClocks(to metrics: Metrics) {
        let kinds: [(name: String, help: String, value: @Sendable (ExchangeState.Clock) -> Period)] = [
            (
                "exchange_clock_offset_seconds", "To be added to our time to have the exchange's.",
                { $0.offset }
            ),
            (
                "exchange_clock_uncertainty_seconds", "By how much the offset may be off, either way.",
                { $0.uncertainty }
            ),
            ("exchange_clock_age_seconds", "Since the offset was measured.", { $0.age }),
        ]
        for kind in kinds {
            metrics.computed(kind.name, kind.help, kind: "gauge", label: Self.clockLabels) {
                all.flatMap { name, state in
                    state.clocks.map { clock in
                        ([name.rawValue, clock.environment.rawValue], kind.value(clock).seconds)
                    }
                }
            }
        }
    }

    private func exportWeights(to metrics: Metrics) {
        let kinds: [(name: String, help: String, value: @Sendable (ExchangeState.Weight) -> Int)] = [
            ("exchange_weight_used", "Of what an exchange allows an address.", { $0.used }),
            ("exchange_weight_limit", "What an exchange allows an address.", { $0.limit }),
        ]
        for kind in kinds {
            metrics.computed(kind.name, kind.help, kind: "gauge", label: Self.addressLabels + ["budget"]) {
                all.flatMap { name, state in
                    state.weights.map { weight in
                        (
                            [
                                name.rawValue, weight.environment.rawValue, weight.host, weight.address,
                                weight.budget,
                            ], Double(kind.value(weight))
                        )
                    }
                }
            }
        }
        metrics.computed(
            "exchange_ban_seconds", "How long an exchange still takes nothing from an address.",
            kind: "gauge", label: Self.addressLabels
        ) {
            all.flatMap { name, state in
                state.bans.map { ban in
                    (
                        [name.rawValue, ban.environment.rawValue, ban.host, ban.address],
                        ban.left.seconds
                    )
                }
            }
        }
    }
}
