/**
 * What the server sends and what the page keeps. Only types: nothing runs here.
 *
 * @typedef {[number, number]} Size height and width in pixels
 * @typedef {[number, number, number, number]} Rectangle row, column, height, width in pixels
 * @typedef {'coarse' | 'medium' | 'fine'} Grain
 * @typedef {'draft' | 'review' | 'done' | 'unusable'} AnswerState
 *
 * @typedef {object} ClassInfo
 * @property {number} id 0..C-1
 * @property {string} name
 * @property {[number, number, number]} colour
 *
 * @typedef {object} Session
 * @property {string} name who is labelling
 * @property {boolean} reviewer
 * @property {boolean} readOnly
 * @property {string} title name of the run
 * @property {string} [workplace] opaque; drawings of one workplace are never sent to another
 * @property {boolean} [extends] whether labels of regions are extended to the rest of the image
 * @property {ClassInfo[]} classes
 * @property {'images' | 'regions' | 'pixels' | 'clicks'} unit of the budget
 * @property {number} leaseSeconds
 * @property {boolean} demo
 *
 * @typedef {object} QueueImage
 * @property {string} key
 * @property {string} id
 * @property {string} query
 * @property {Size} size
 * @property {number} regions
 * @property {boolean} whole
 * @property {number | null} score
 * @property {'open' | AnswerState | 'unreadable'} state
 * @property {string | null} by
 * @property {string | null} leasedBy
 * @property {boolean} yours
 * @property {boolean} forYou
 * @property {string} [why]
 * @property {string | null} returned note of the reviewer who sent it back; null if none has
 * @property {number | null} [agreement] with the truth, where it is known (demo)
 *
 * @typedef {object} ReviewItem
 * @property {string} key
 * @property {string} id
 * @property {string} by
 * @property {number} savedAt
 * @property {string} [note]
 *
 * @typedef {object} Progress
 * @property {number} done
 * @property {number} of
 * @property {string} unit
 * @property {number} doneByYou
 *
 * @typedef {object} Past what people labelled in queries that are over
 * @property {number} images
 * @property {number} queries
 * @property {number} seconds of work, as far as they are known
 *
 * @typedef {object} Queue
 * @property {number | string} generation changes when the run asks anew
 * @property {string} heading
 * @property {{state: 'asks' | 'works' | 'stopped' | 'finished' | 'view', text: string}} run
 * @property {Progress} progress
 * @property {Past} [past]
 * @property {QueueImage[]} images
 * @property {ReviewItem[]} review
 *
 * @typedef {object} Work what one tool did for one class in one region
 * @property {number} region index among the asked rectangles, -1 outside of them
 * @property {number} class_id 0..C-1, 255 for the eraser
 * @property {string} tool
 * @property {number} seconds
 * @property {number} clicks
 * @property {number} undos
 *
 * @typedef {object} AnswerInfo
 * @property {number} version
 * @property {AnswerState} state
 * @property {string} by
 * @property {string} note
 * @property {string} reviewer
 * @property {number | null} seconds
 * @property {number | null} clicks
 * @property {Work[]} [work]
 * @property {boolean} [refused] whether it refuses extended labels
 *
 * @typedef {object} LayerInfo
 * @property {boolean} picture
 * @property {Record<Grain, {count: number}> | null} superpixels
 * @property {{model: string, confidence: number | null} | null} prediction
 * @property {{name: string, size: Size, low: number, high: number} | null} map
 * @property {{version?: number, groups: ExtendedPart[]} | null} [extended]
 *
 * @typedef {object} ImageInfo
 * @property {string} key
 * @property {string} id
 * @property {string} query
 * @property {Size} size
 * @property {Rectangle[]} rectangles best first
 * @property {boolean} whole
 * @property {number[]} scores
 * @property {AnswerInfo | null} answer
 * @property {LayerInfo} layers
 * @property {string[]} pending
 * @property {boolean} [calibrating] whether extended labels wait for the thresholds of their query
 * @property {Record<string, string>} failed why a layer is not there
 *
 * @typedef {object} Head the first line of a saved answer
 * @property {'draft' | 'done' | 'unusable'} state
 * @property {number} base version that was gone on with, 0 for none
 * @property {string} session in which it was drawn
 * @property {number} seconds
 * @property {number} clicks
 * @property {number} undos
 * @property {Work[]} work
 * @property {string} note
 * @property {boolean} refused whether a raster of refused extended labels follows
 * @property {boolean} [extend] whether to look for what the labels would be extended to
 * @property {boolean} [force] save although somebody else's version is later
 *
 * @typedef {object} Saved
 * @property {number} version
 * @property {AnswerState} state
 * @property {number} savedAt
 *
 * @typedef {object} Trouble why the server did not take an answer
 * @property {'conflict' | 'over' | 'leased' | 'full' | 'refused' | 'signin' | 'failed'} kind
 * @property {string} why
 * @property {string} [by]
 * @property {number} [version]
 *
 * @typedef {object} Unsent a drawing that the server has not confirmed
 * @property {string} id workplace, name and key
 * @property {string} workplace
 * @property {string} name
 * @property {string} key
 * @property {string} imageId
 * @property {Size} size
 * @property {number} seq grows with each capture
 * @property {Head} head
 * @property {Uint8Array | null} raster null if it cannot be labelled
 * @property {Uint8Array | null} refused 1 where extended labels are refused; null for nowhere
 * @property {number} drawnAt milliseconds since the epoch
 * @property {Trouble | null} trouble
 * @property {boolean} [aside] kept here after the other's version was taken
 *
 * @typedef {object} ExtendedPart
 * @property {number} part counted from 1
 * @property {number} classId
 * @property {number} pixels
 * @property {Rectangle[]} keys labelled cells that its labels come from, the foremost first
 */
export {};
