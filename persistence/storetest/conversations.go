package storetest

import "testing"

// Conversations is the suite of persistence.Conversations and
// persistence.Outbox.
func Conversations(t *testing.T, b ConversationBackend) {
	t.Helper()
	cases := []struct {
		name string
		run  func(*testing.T, ConversationStore)
	}{
		{"P1_OrderWithoutHoles", orderWithoutHoles},
		{"P1_WrongSeqIsRefused", wrongSeqIsRefused},
		{"P1_P2_ConcurrentWriters", concurrentWriters},
		{"P2_RepeatGetsTheSameAnswer", repeatGetsTheSameAnswer},
		{"P2_OtherContentConflicts", otherContentConflicts},
		{"P2_Gap", gap},
		{"P2_AnswerWindow", answerWindow},
		{"P2_RefusalConsumesItsNumber", refusalConsumesItsNumber},
		{"P2_RepeatIsFoundBeforeStale", repeatIsFoundBeforeStale},
		{"P2_ServerInputsAreDeduplicated", serverInputsAreDeduplicated},
		{"P3_Ranges", ranges},
		{"P3_StaleCarriesWhatWasMissed", staleCarriesWhatWasMissed},
		{"P3_StaleIsBounded", staleIsBounded},
		{"P3_Positions", positions},
		{"P5_StaleVersionIsRefused", staleVersionIsRefused},
		{"P5_StaleProfileIsRefused", staleProfileIsRefused},
		{"P5_FirstCommitsRace", firstCommitsRace},
		{"P7_ContactRecord", contactRecord},
		{"P8_OutboxIsPartOfTheCommit", outboxIsPartOfTheCommit},
		{"P8_WrongVSeqIsRefused", wrongVSeqIsRefused},
		{"P8_PendingAndAcknowledge", pendingAndAcknowledge},
		{"P9_ErasureLeavesTheMarker", erasureLeavesTheMarker},
		{"P9_ErasureOfAStranger", erasureOfAStranger},
		{"P10_SitesDoNotMeet", sitesDoNotMeet},
		{"P11_EndedContextChangesNothing", endedContextChangesNothing},
		{"RateLimit", rateLimit},
		{"RateWindowEnds", rateWindowEnds},
		{"ClientCap", clientCap},
		{"UnknownConversation", unknownConversation},
		{"DefectsAreRefused", defectsAreRefused},
		{"NothingOfACommitIsKept", nothingOfACommitIsKept},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, b.New(t))
		})
	}
	t.Run("P4_WhatWasAcceptedSurvivesReopening", func(t *testing.T) {
		t.Parallel()
		if b.Reopen == nil {
			t.Skip("SKIPPED: this backend has no Reopen, so nothing shows that it is durable")
		}
		survivesReopening(t, b)
	})
}
