"""English verbs by what a tool that is named after one does. Data; each word stands in one list."""

from __future__ import annotations

from typing import Final

# Words of the lists `…_OR_NOUN` as often name a thing: `report`, `order`.

READ: Final = """
abstract advise analyse analyze answer appraise ascertain ask assert assess assist await beautify browse calculate categorize
chunk cite classify collate collect compare compute consult contextualize contrast convert correlate count crawl critique
cross debate decipher decode decompile decrypt deduce dedupe deduplicate demangle dereference derive describe detect determine
detokenize diagnose dictate dig digest disassemble discern discover discuss dissect distill divide echo encode encrypt
enumerate escape estimate evaluate examine expand explain explore extract fetch find fingerprint gather gauge geocode get glob
greet grep hash humanize identify illustrate include infer inspect interpolate interpret interrogate intersect introspect
investigate itemize iterate justify learn lint list listen locate lookup magnify measure memoize minify multiply normalise
normalize nslookup observe obtain ocr paginate paraphrase parse peek peruse pinpoint pluck poll predict prettify preview
proofread provide quantify quantize randomize read recalculate receive reckon recognize recommend reflect regress reminisce
rephrase retrieve return reveal sanitise sanitize say scout scrape search see serialise serialize shazam show shuffle sift
simplify simulate skim slice sniff solve subtract suggest summarise summarize surf tabulate tally tell think tokenise tokenize
traceroute transcribe translate transliterate transpose traverse triangulate troubleshoot typecheck unescape unfurl unshorten
validate verify vet visualise visualize wait walk weigh whois
"""
WRITE: Final = """
abbreviate accept accumulate ack acknowledge acquire activate adapt add adjourn adjust administer admit adopt advertise affirm
affix alias align allocate allow allowlist alter amend amplify anchor annotate announce anonymise anonymize append appoint
approve arrange assign associate attach attest augment authenticate author authorise authorize autofix backfill begin bind
blacklist blocklist blur bold brighten bulkcreate bulkinsert bulkupdate bump certify checkmark clone codify combine compact
compose compress concat concatenate condense configure confirm consolidate construct contribute convene coordinate couple
create crop crosspost curate customise customize deactivate deallocate declare decline decompress decorate decouple decrease
decrement dedicate deduct defer define delay delegate deliver demote deny denylist deprecate designate detach develop devise
dim disable disallow disarm disassociate discharge dismiss distribute diversify dm downvote duplicate edit elaborate elect
elevate embed enable encourage endorse engrave enhance enlarge enlist enqueue enrich enrol enroll ensure enter escalate
establish exclude exempt expose extend favorite favourite finalise finalize finish flatten follow freeze fulfil fulfill
generate give grant hide impersonate implement improve incorporate increase increment indent inform ingest inherit init
initialise initialize inscribe insert instantiate instruct intake integrate introduce invert jot keep liberate localize lower
maintain manage mark massupdate materialise materialize memorize merge moderate modify move mute negotiate nest nickname
nominate notarize notify nudge obfuscate onboard organise organize overlay override overwrite partition penalize permit
persist personalise personalize place poke populate postpone preload prepare prepend prescribe preserve prioritise prioritize
propagate propose protect provision pseudonymize publish put react reactivate reallocate rearm rearrange reassign rebrand
recategorize reclassify recolor reconcile reconfigure recruit redact redefine redirect reduce refine reformat reframe refuse
register reject relabel relate relink relocate remember remind rename reopen reorder reorganise reorganize repair reparent
replace replicate reprice reroute reschedule rescope reshape resize respond restock restrict restructure retag retain retarget
retitle retweet reuse reverse revise rewire rewrite rotate rsvp save scaffold send separate sharpen shift shorten smooth
snooze soften specify splice squash stabilize standardise standardize stash stitch store strengthen sublabel subscribe
substitute supply suppress suspend tailor take teach thank tick toggle transform transition triage tweak tweet unack unarchive
unassign unban unblacklist unblock undelete underline unenroll unfavorite unflag unfollow unfreeze unhide unify unlabel unlike
unlink unlist unlock unmark unmute unpack unpair unpin unpublish unshare unsnooze unstar unstash unsubscribe unsuspend untag
unwrap unzip upload upsert upvote waive warn whitelist widen write
"""
EXECUTE: Final = """
accelerate act actuate aim airlift animate apply assemble assume automate autopilot autoscale boot bootstrap bounce brew brute
bruteforce bypass calibrate canary cherrypick colorize commence compile conduct consume cook cordon crack crank curl cutover
dblclick decelerate defibrillate defragment denoise deploy detonate dial digitise digitize disconnect dispatch dispense do
dock dogfood drain dub eject emit emulate energize enforce escort eval exec execute exfiltrate failback failover fastforward
flash float go goto grasp grind grip hang heal hibernate hoist hotpatch hover ignite imagine inflate initiate inject inpaint
install interact intercept invoke irrigate isolate jog keypress kickoff kickstart launch lipsync maneuver migrate mobilize mop
motorize mow multicall mutate narrate navigate operate optimise optimize orchestrate outpaint patrol pentest perform phish
pivot poison pop poweroff pwn quarantine rebase reboot rebuild recompute reconnect recover recreate redeploy redo redrive
regenerate rehost rehydrate reindex reinstall rekey relaunch reload remediate remix replay reprocess reprovision requeue rerun
rescale rescan reseat resegment restart restore restyle resubmit resume resuscitate resync retrain retrigger retry revert
rewind rollback rollout seal serve shut sing snap soak spawn spin spoof spray sprinkle ssh steer stimulate stir strobe stylize
sudo swipe sync synchronise synchronize synthesise synthesize takeoff teleport throttle throw tilt transcode transmit
transpile trigger uncordon undo undock ungrip unhook unleash unload unmount unpark unpause unseal upmix upscale vacuum
vectorize vibrate visit water weld wiggle
"""
DESTRUCTIVE: Final = """
abandon abolish abort annihilate annul blank bulkdelete bulkremove bulldoze cancel cease cleanup clear clearall clobber cull
deaccession deauthorise deauthorize debar decommission deindex del delete deleteall delink delist demolish deport deprovision
dequeue deregister destroy disband disbar discard disenroll dismantle disown dispose disqualify dissolve drop eliminate
eradicate erase evacuate evict excise expel expire expropriate expunge exterminate extinguish factoryreset flush forcepush
forfeit forget garbagecollect gc hangup harddelete hardreset incinerate invalidate jettison kill liquify neutralize nuke
nullify obliterate offboard oust overrule prune purge quash quit raze relinquish remove removeall repeal rescind revoke rm
rmdir rmi scrap scrub scuttle sever shred shutdown softdelete teardown terminate truncate unallocate undeploy unenlist unenrol
uninstall unlearn unprovision unregister unset unstage untrust uproot vacate vaporize void weed wipe wipeall wreck yank
zeroise zeroize
"""
FINANCIAL: Final = """
arbitrage autoinvest autopay bankroll barter borrow buy cashout compensate crowdfund debit defray deleverage disburse divest
donate endow foreclose gamble insure invest liquidate outbid outlay overpay pay prepay procure rebalance recharge redeem
reimburse reinvest remit remunerate repay repurchase restake sell spend sublease subsidize topup transact unbond underwrite
unstake withdraw
"""
READ_OR_NOUN: Final = """
access aggregate audit calc capture cat chart check cluster debug diff display download experience export file filter forecast
format grade guess guide head help hunt info inventory judge load ls match mine model monitor outline overview ping plan plot
probe profile query quote rank recon reference render report research resolve review sample score screenshot select snapshot
sort spot stat status study summary survey tail trace track tree view watch whoami
"""
WRITE_OR_NOUN: Final = """
advance alert appeal archive arm backup block blog bookmark boost broadcast bundle caption chain change checkin checkpoint
close color comment commit complete contest copy correct credit design discount dispute document draft email escalation
feedback fill fix flag fork forward frame group highlight import index invite join label leave like link lock log login logout
mail make mention message mirror note pack package pair paste patch pin port post present produce promise promote pull push
raise rate record remark reminder reply rollover route schedule seed sequence set setup shape share shortlist slot split stage
stamp star support switch tag text tie title touch treat tune turn update vote waitlist weight work zip
"""
EXECUTE_OR_NOUN: Final = """
action attack bash beam benchmark blast blink break build call cast click cmd command connect control cool cruise cut cycle
dive downgrade drag draw drill drive engage exercise exploit flip fly force fuzz halt handle harvest heat job jump land lift
loop macro march mix mount open orbit paint park pause pick pipe play powershell press print process proxy pulse pump refresh
relay release repl request ride ring roll run scale scan script scroll seek shake shell ship shoot shutter sign skip sleep
speak sprint start stop stream stretch submit sweep tap terminal test toast train tunnel type upgrade use wake warm wash zoom
"""
DESTRUCTIVE_OR_NOUN: Final = """
axe ban burn clean empty end exit fire kick lapse recall reset retire strike sunset trash veto zap
"""
FINANCIAL_OR_NOUN: Final = """
airdrop auction autobuy award bet bid bill book bounty bridge broker cash charge checkout claim collateral deposit earn escrow
exchange finance fine fund gift hedge hire invoice lease lend levy loan mint mortgage offer order patronage pawn payout pledge
purchase refund renew rent reserve retainer reward settle short sponsor stake swap tax tender tip tithe trade transfer wager
wire
"""
VAGUE: Final = """
access act action administer apply ask assist call complete conduct control convert do engage ensure enter generate give go
handle initiate keep maintain make manage open operate orchestrate perform place prepare process produce propose reconcile
request resolve set submit support sync synchronize take test transform use
"""
"""Verbs that say little by themselves."""
THINGS: Final = """
advance alert appeal backup blog bookmark boost bundle caption chain checkpoint color comment commit contest credit discount
document draft email feedback file flag form frame group highlight index label like lock log mail mention message mirror note
object package pin port post present rate record remark reminder reply route schedule seed sequence shape slot stage star
support tag text title weight
"""
"""Words of names that are things far more often than deeds: `group_members`, `post_details`."""
