import Kernel

// Profit and stop that are placed when an order is filled. That they can only close what it opens is not
// documented: each is an order of the other side.

extension OKXTable {
    private static let attached = KnownNames.body(
        """
        attachAlgoId attachAlgoClOrdId tpTriggerPx tpTriggerRatio tpOrdPx tpOrdKind slTriggerPx slTriggerRatio
        slOrdPx tpTriggerPxType slTriggerPxType sz amendPxOnTriggerType callbackRatio callbackSpread activePx
        """)
    private static let attachedChange = KnownNames.body(
        """
        attachAlgoId attachAlgoClOrdId newTpTriggerPx newTpTriggerRatio newTpOrdPx newTpOrdKind newSlTriggerPx
        newSlTriggerRatio newSlOrdPx newTpTriggerPxType newSlTriggerPxType sz amendPxOnTriggerType
        newCallbackRatio newCallbackSpread newActivePx
        """)

    /// The order, and what is attached to it: in a list, and by an older spelling beside it.
    static func withAttached(_ p: Parameters, _ order: OrderIntent) throws(MeaningProblem) -> [OrderIntent] {
        let words = order.replaces ? ("newTp", "newSl") : ("tp", "sl")
        var found = try pair(p, words, of: order)
        // The exchange's own library writes null, or an empty list.
        if !p.isEmpty("attachAlgoOrds") {
            found += try p.all("attachAlgoOrds", order.replaces ? attachedChange : attached) {
                row throws(MeaningProblem) in
                var orders = try pair(row, words, of: order)
                if try row.says("callbackRatio", "callbackSpread", "newCallbackRatio", "newCallbackSpread") {
                    var follower = order.attached(.trailing)
                    follower.alternative = 1
                    orders.append(follower)
                }
                // Documented of one kind only: of profits that are parted.
                let size = try row.decimal("sz")
                return orders.map { one in
                    var one = one
                    one.enlarge(to: size)
                    return one
                }
            }.apart(from: found)
        }
        return [order] + found
    }

    /// A price of -1 is the market, and a trigger of nothing takes away what was there.
    private static func pair(
        _ p: Parameters, _ words: (profit: String, stop: String), of order: OrderIntent
    ) throws(MeaningProblem) -> [OrderIntent] {
        var orders: [OrderIntent] = []
        for (what, word) in [(AttachedOrder.profit, words.profit), (.stop, words.stop)] {
            guard try !p.says("\(word)TriggerRatio") else {
                throw p.problem("\(word)TriggerRatio", "says no price; write \(word)TriggerPx instead")
            }
            let trigger = try p.price("\(word)TriggerPx")
            let price = try limit(p, "\(word)OrdPx")
            let isAtMarket = try p.text("\(word)OrdPx") == "-1"
            guard trigger != nil || price != nil || isAtMarket else { continue }
            orders.append(order.attached(what, at: trigger, price: price))
        }
        return orders
    }
}
