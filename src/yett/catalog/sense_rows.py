"""What verbs mean with their objects: closing an issue is not closing an account. Data; the first row that fits counts.

A row is its class and what it shows, its verbs, and its nouns in the singular; without nouns it is for any object. `Class*` lets
the noun stand anywhere in the object, not only last. `@NAME` is a set below or in `nouns`; `-word` takes a word out of it.
"""

from __future__ import annotations

from typing import Final

VERB_SETS: Final = {
    "PAYING": """
accept approve authorise authorize broadcast buy capture claim commit complete confirm create deliver distribute do execute
finalise finalize generate give initiate issue launch make move new offer open perform place post process push release request
return reverse route run schedule sell send settle sign start submit take transfer transmit trigger
""",
    "RUNNING": """
call conduct do exec execute initiate invoke launch make perform request run start submit trigger use
""",
    "DOING": """
call conduct do exec execute make perform request run submit use
""",
    "UNMAKING": """
clean clear delete drop erase filter flush remove scrub strip
""",
}

ROWS: Final = """
Read: cleans up a text that it was given
  verbs @UNMAKING
  nouns @DATA_TEXT
Read: cleans up what it was given
  verbs clean cleanup
  nouns csv data dataframe dataset html string text transcript
Execute: edits media
  verbs @UNMAKING
  nouns accent background bg blemish noise silence vocal watermark wrinkle
Write: clears what is only shown or kept for speed
  verbs bust clean clear flush invalidate purge reset
  nouns @SHOWN
Write: puts a view back
  verbs reset
  nouns camera cursor layout position rotation style view viewport zoom
Execute: stops something running
  verbs abort cancel kill stop
  nouns generation prompt query search
Write: puts something down
  verbs drop
  nouns down marker pin shadow waypoint zone
Destructive: ends it
  verbs close end terminate
  nouns account call connection meeting session stream
Execute: closes a window
  verbs close
  nouns @PAGE
Destructive: erases a disk
  verbs format
  nouns disk drive filesystem partition sdcard storage usb
Destructive: removes what was kept
  verbs forget
Destructive: removes or ends something
  verbs burn clear end exit expire quit void
Execute: moves a machine
  verbs control drive lift move rotate set shift turn
  nouns actuator arm axis carriage cursor drone gripper head_position joint motor mouse robot rover servo stepper wheel
Execute: opens a way into a network
  verbs forward
  nouns port
Execute: charges a battery
  verbs charge
  nouns battery bike car device ev phone robot scooter vehicle
Financial*: offers something for money
  verbs create list offer place put
  nouns forrent forsale
Execute: moves a machine
  verbs close open
  nouns circuit claw damper gripper hatch lid relay
Execute: switches a port off
  verbs shutdown
  nouns interface port
Financial: trades
  verbs exercise
  nouns contract option right warrant
Write: draws into a picture
  verbs burn
  nouns caption overlay subtitle timecode watermark
Read: looks through what is stored
  verbs scan
  nouns collection entry item key record row table
Read: takes a picture of what is there
  verbs capture do make take
  nouns dump screendump screenshot snapshot
Execute: takes a program into service
  verbs promote
  nouns artifact build deployment environment image production release slot staging version
Execute: acts on a page
  verbs complete fill submit
  nouns captcha checkbox field form input page
Execute: gets past a guard
  verbs bypass solve
  nouns captcha challenge_page recaptcha
Write: sends something back
  verbs return
  nouns good item merchandise order parcel product purchase
Destructive: ends it
  verbs close
  nouns contract order payment subscription
Execute: has a machine do what it is told
  verbs broadcast dispatch give issue send transmit
  nouns command g-code gcode instruction keystroke packet payload rpc script signal
Execute: installs a program
  verbs flash install push update
  nouns bios driver firmware kernel os
Write: switches a device
  verbs close control lower open raise
  nouns awning blind curtain door drawer garage gate shade shutter valve window_shade
Write: signs
  verbs sign
  nouns agreement consent contract envelope letter nda petition
Write: hands something in
  verbs file
  nouns appeal bug case claim complaint dispute form issue lawsuit motion patent petition report return tax
Read: names something to look at
  verbs file
Write: asks people
  verbs ask request
  nouns absence day holiday leave off pto vacation
Write: puts things together
  verbs cluster group
Destructive: ends an employment
  verbs dismiss fire terminate
  nouns contractor employee person staff worker
Execute: sets something going
  verbs fire
Financial: gives up money
  verbs waive write
  nouns debt fee
Read: gathers something
  verbs acquire collect procure spend
  nouns data evidence feedback lock log metric stats time
Execute*: trains a model
  verbs fine
  nouns tune tuned tuning
Read: is a noun here
  verbs bounty cash credit debit fine lease long short tax
  nouns answer bracket code description flow form link list name note position_size rate report summary term text url version
   video
Read: looks up what was kept
  verbs fire lapse recall strike
  nouns context conversation fact memories memory price
Read: makes a text and gives it back
  verbs generate produce
  nouns alt analysis caption description embedding hash keyword metadata name outline prompt query report schema summary text
   title transcript
Execute*: has a model or program make media
  verbs create generate make produce render
  nouns image photo picture audio music podcast speech spoken video voice
Execute: has a model or program make media
  verbs build compile compose convert create design draw edit enhance extend generate make produce render restyle transform
  nouns @MEDIA -cover -effect -logo -poster -thumbnail
Execute: has a model or program make media
  verbs create design generate make
  nouns @MEDIA
Execute*: runs a query in a language that can change data
  verbs @RUNNING query test
  nouns @RAW_QUERY
Execute*: types for a person
  verbs enter pass press send type
  nouns input key keystroke stdin
Write*: switches a working copy
  verbs checkout
  nouns book branch commit file git pr pullrequest ref repo repository revision tag version
Financial*: accepts to pay
  verbs accept
  nouns dispute liability payment
Execute*: runs a query that changes data
  verbs write
  nouns @RAW_QUERY query
Read: selects
  verbs read select
  nouns query sql
Read: carries out something that only looks
  verbs @RUNNING -initiate -invoke -launch -start -trigger
  nouns @READINGS aggregation crawl extraction inspection ocr read research scrape select -current -definition -fee -price
   -quota
Execute: asks a database anything
  verbs @RUNNING query test
  nouns database db
Read: tries whether something answers
  verbs @RUNNING test
  nouns connection connectivity health healthcheck
Execute*: runs code that it is given
  verbs eval evaluate inject
  nouns @CODE input key keystroke
Execute: sends any request
  verbs call invoke make post request send use
  nouns @CALLED
Execute: sets it going
  verbs add create dispatch new post
  nouns crawl deployment dispatch execution invocation job_run rerun rollout run scan trial_run
Execute: merges into a branch
  verbs merge
  nouns branch mergerequest mr pr pullrequest upstream
Write: opens a case
  verbs open
  nouns @DISCUSSED
Read: shows it
  verbs open
  nouns document file image node note presentation project record sheet spreadsheet workbook
Write: closes a case
  verbs close
Write: changes a document
  verbs apply
  nouns color coupon promo promotion voucher diff discount edit effect filter font format formatting formula highlight label
   layout lut mask material
   modifier patch preset stamp style tag tagging template texture theme validation watermark
Read: reads it
  verbs scan
  nouns barcode card document image invoice qr qrcode receipt text
Read: computes
  verbs test
  nouns equality expression hypothesis normality pattern regex
Read: works on what it was given
  verbs handle process transform
  nouns csv data document image json query text thought
Write: hands something in
  verbs submit
  nouns answer application assignment bug comment complaint expense feedback issue pullrequest rating report review survey
   ticket timesheet vote
Write: begins it
  verbs start
  nouns chat checklist conversation discussion draft stopwatch thread timer
Write: stops a clock
  verbs pause stop
  nouns stopwatch timer
Write: asks people
  verbs request
  nouns access approval change copilot_review demo feedback leave meeting permission pto quote review reviewer signature
   timeoff
Write: signs
  verbs sign
  nouns contract_document document form pdf
Write: switches a device
  verbs control dim set switch toggle turn
  nouns blind brightness curtain fan lamp light plug switch temperature thermostat volume
Financial: makes an invoice
  verbs build compose generate produce suggest
  nouns invoice payment
Write: makes a credential
  verbs create generate issue rotate
  nouns apikey cert certificate credential key keypair secret token
Read: makes a text and gives it back
  verbs compose generate produce
  nouns @READINGS agenda answer barcode bibliography boilerplate boolean caption changelog chart checksum citation cloud code
   color css data deeplink description diagram embedding explanation flashcard float graph guid hash hashtag heatmap histogram
   html id idea int integer itinerary keyword link listing lorem mapping markdown matrix mock name number outline palette
   passphrase password plan plot poem prompt qr qrcode query question quiz random recipe regex response sample sequence
   signature_preview slug snippet sql story subtitle table tag_suggestion test text timestamp title type types typescript url
   uuid word wordcloud
Read: computes
  verbs create generate make
  nouns completion embedding
Write: changes a document
  verbs format
  nouns block cell column paragraph range row selection sheet slide spreadsheet table
Read: makes a text
  verbs complete
  nouns chat code completion prompt query sentence text word
Read: computes
  verbs build draw plan plot
  nouns chart diagram filter graph itinerary link map meal path prompt query regex route schedule trajectory tree trip url
   workout
Write: marks it as resolved
  verbs resolve
  nouns alert case comment conflict conversation discussion dispute error flag incident issue item problem task thread ticket
Write: records something
  verbs load track
  nouns conversion_event event page_view time
Write: links an account
  verbs connect
  nouns account integration wallet_app
Write: ticks it
  verbs check
  nouns box checkbox item_off task todo
Execute: acts on a page
  verbs check clear fill focus open select submit switch type upload
  nouns button dropdown element frame keyboard option radio selector tab
Execute: opens a page or program
  verbs browse load open visit
  nouns @PAGE
Read: is a noun here
  verbs comment document email label log message note record tag text
  nouns id type
"""
